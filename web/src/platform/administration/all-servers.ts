import { loaded } from "../loaded";
import type { Memory, RunState } from "../state";

export interface ServerRow {
  user: string;
  state: RunState;
  since: string | null;
  last_activity: string | null;
  memory: Memory | null;
}

export interface Overview {
  servers: ServerRow[];
  capacity: {
    memory_total: number;
    memory_free: number;
    servers: number;
    places: number;
    starting: number;
    waiting: number;
  };
  alerts: { code: string; text: string; user: string | null }[];
  failures: { at: number; user: string; message: string }[];
  failed_since_hub_began: number | null;
  clients: number;
  grants: number;
}

export const allServers = loaded<Overview>("admin");
