/** Keeps the page's state up to date with the server's stream of activity. */

import { followActivity, type ActivityEvent } from "../server/activity";
import { ServerProblem, UNREACHABLE } from "../server/problem";
import { EventsByFrame } from "./events-by-frame";
import { receive, streamEnded } from "./received";
import { connection } from "./state";
import { withPlace } from "./stream-places";
import { trouble, troubled } from "./trouble";
import { Wait } from "./wait";

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;
/** In a tab in the background, and where the server said that it has no place for this one. */
const PATIENT_WAIT_MS = 30_000;
/** The server says at least every 15 s that it is there (HEARTBEAT_SECONDS). */
const LONGEST_SILENCE_MS = 35_000;
const ANSWER_MS = 20_000;

const SILENT = "The server has not answered for a while.";
const ENDED = "The server has ended.";
const BROKE_OFF = "The connection to the server broke off.";
const CROWDED = "Four other tabs of this browser follow the server, which is the limit.";

const wait = new Wait();
let insist = false;

/** Try again now, if the page waits to. In a tab that others have left no place, take one over. */
export function tryNow(): void {
  insist = connection.value === "elsewhere";
  wait.end();
}

/** Follow the server until `signal` aborts; after a break it is asked again, ever less often. */
export async function stayConnected(signal: AbortSignal): Promise<void> {
  let longest = FIRST_WAIT_MS;
  addEventListener("online", () => wait.end(), { signal });
  document.addEventListener("visibilitychange", () => document.hidden || wait.end(), { signal });
  while (!signal.aborted) {
    const attempt = new Attempt(signal);
    const insists = insist;
    insist = false;
    let why: string;
    try {
      const place = await withPlace(insists, (taken) => attempt.follow(taken));
      if (place !== "had") {
        connection.value = "elsewhere";
        troubled(CROWDED);
        await wait.forLong(null, signal);
        continue;
      }
      why = attempt.why;
    } catch (error) {
      if (signal.aborted) return;
      const problem = error instanceof ServerProblem ? error : new ServerProblem(UNREACHABLE);
      why = attempt.silent ? SILENT : problem.message;
      if (problem.status === 401 || problem.status === 403) {
        connection.value = "signed-out";
        troubled(why);
        return;
      }
      if (problem.status === 429) longest = PATIENT_WAIT_MS;
    }
    if (signal.aborted) return;
    if (attempt.heard) longest = FIRST_WAIT_MS;
    const milliseconds = document.hidden ? PATIENT_WAIT_MS : longest;
    connection.value = "away";
    troubled(why, Date.now() + milliseconds);
    await wait.forLong(milliseconds, signal);
    longest = Math.min(longest * 2, LONGEST_WAIT_MS);
  }
}

/** One stream, from its request to its end. */
class Attempt {
  /** Why it ended, where the server said nothing. */
  why = BROKE_OFF;
  /** Whether events came; whether it was ended here because nothing came any more. */
  heard = false;
  silent = false;
  private readonly ending = new AbortController();
  private lastSound = Date.now();

  constructor(private readonly signal: AbortSignal) {}

  /** Throws ServerProblem where there is no stream, or it ended with a problem. */
  async follow(taken: AbortSignal): Promise<void> {
    const events = new EventsByFrame(receive);
    const stop = AbortSignal.any([this.signal, taken, this.ending.signal]);
    let problem: ServerProblem | null = null;
    const watching = this.watch();
    try {
      await followActivity(
        stop,
        (event) => {
          if (event.name === "problem") problem = new ServerProblem(problemIn(event));
          else if (event.name === "end") this.why = ENDED;
          else events.add(event);
          if (!this.heard) {
            // The whole state is shown at once.
            events.flush();
            this.heard = true;
            trouble.value = null;
          }
        },
        () => (this.lastSound = Date.now()),
      );
    } catch (error) {
      // An error of the network in the midst of a stream is its end.
      if (error instanceof ServerProblem || !this.heard) throw error;
      if (this.silent) this.why = SILENT;
    } finally {
      watching.abort();
      events.flush();
      if (this.heard) streamEnded();
    }
    if (problem !== null) throw problem;
  }

  /** End it when nothing comes any more, which a browser notices of no connection by itself. */
  private watch(): AbortController {
    const watching = new AbortController();
    const look = () => {
      const longest = this.heard ? LONGEST_SILENCE_MS : ANSWER_MS;
      const rest = this.lastSound + longest - Date.now();
      if (rest <= 0) {
        this.silent = true;
        this.ending.abort();
      }
      return rest;
    };
    let timer: ReturnType<typeof setTimeout>;
    const again = (rest: number) => {
      timer = setTimeout(() => again(look()), Math.max(rest, 0) + 100);
    };
    again(ANSWER_MS);
    watching.signal.addEventListener("abort", () => clearTimeout(timer));
    // A machine that slept has not run its timers.
    document.addEventListener("visibilitychange", look, { signal: watching.signal });
    return watching;
  }
}

function problemIn({ data }: ActivityEvent): { status: number } {
  return { status: 503, ...data };
}
