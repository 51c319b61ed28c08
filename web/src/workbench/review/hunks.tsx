/** A cell's source before and after, as unified lines or side by side. */

import { keep, kept } from "../../server/storage";
import { signal } from "@preact/signals";
import { pairs, type Hunk, type Line, type Pair } from "./hunk-lines";

export type View = "unified" | "split";
const KEY = "jmcp.review.view";

/** How differences are shown. */
export const view = signal<View>(kept("browser", KEY) === "split" ? "split" : "unified");

export function chooseView(chosen: View): void {
  view.value = chosen;
  keep("browser", KEY, chosen);
}

export function Hunks({ hunks, label }: { hunks: readonly Hunk[]; label: string }) {
  const Body = view.value === "split" ? Split : Unified;
  return (
    <div class="review-diff" tabIndex={0} role="group" aria-label={label}>
      <table data-view={view.value}>
        <caption class="unseen">{label}</caption>
        {view.value === "split" && (
          <colgroup>
            <col class="review-number-column" />
            <col />
            <col class="review-number-column" />
            <col />
          </colgroup>
        )}
        {hunks.map((hunk, at) => (
          <tbody key={`${hunk.old_start} ${hunk.new_start} ${at}`}>
            <Body pairs={pairs(hunk)} />
          </tbody>
        ))}
      </table>
    </div>
  );
}

function Unified({ pairs: all }: { pairs: readonly Pair[] }) {
  // What is gone is above what came, however many lines take each other's place.
  const blocks: Pair[][] = [];
  for (const pair of all) {
    const last = blocks.at(-1);
    if (last !== undefined && pair.kind === "changed" && last[0]?.kind === "changed") last.push(pair);
    else blocks.push([pair]);
  }
  return (
    <>
      {blocks.flatMap((block) =>
        block[0]?.kind === "same"
          ? [<Row key={key(block[0])} sign=" " old={block[0].old} fresh={block[0].fresh} />]
          : [
              ...block.map((pair) => pair.old && <Row key={`-${pair.old.number}`} sign="-" old={pair.old} />),
              ...block.map((pair) => pair.fresh && <Row key={`+${pair.fresh.number}`} sign="+" fresh={pair.fresh} />),
            ],
      )}
    </>
  );
}

const SAID = { " ": "", "-": "removed: ", "+": "added: " };

function Row({ sign, old, fresh }: { sign: " " | "-" | "+"; old?: Line | null; fresh?: Line | null }) {
  return (
    <tr data-sign={sign}>
      <td class="review-number">{old?.number}</td>
      <td class="review-number">{fresh?.number}</td>
      <td class="review-sign" aria-hidden="true">
        {sign}
      </td>
      <td class="review-text">
        {sign !== " " && <span class="unseen">{SAID[sign]}</span>}
        <Parts line={old ?? fresh ?? null} />
      </td>
    </tr>
  );
}

function Split({ pairs: all }: { pairs: readonly Pair[] }) {
  return (
    <>
      {all.map((pair) => (
        <tr key={key(pair)}>
          <Side line={pair.old} sign={pair.kind === "same" ? " " : "-"} />
          <Side line={pair.fresh} sign={pair.kind === "same" ? " " : "+"} />
        </tr>
      ))}
    </>
  );
}

function Side({ line, sign }: { line: Line | null; sign: " " | "-" | "+" }) {
  return (
    <>
      <td class="review-number">{line?.number}</td>
      <td class="review-text" data-sign={line === null ? "none" : sign}>
        {line !== null && sign !== " " && <span class="unseen">{SAID[sign]}</span>}
        <Parts line={line} />
      </td>
    </>
  );
}

function Parts({ line }: { line: Line | null }) {
  return <>{line?.parts.map(({ text, changed }, at) => (changed ? <mark key={at}>{text}</mark> : text))}</>;
}

function key(pair: Pair): string {
  return `${pair.old?.number} ${pair.fresh?.number}`;
}
