/** The calls of all sessions as they happen: those that go on, then those that are over. */

import { filtering } from "./filter";
import { FilterBar } from "./filter-bar";
import { CallList } from "./call-list";
import "./log.css";
import { UnderWay } from "./under-way";

export function CallLog() {
  return (
    <div class="log">
      <FilterBar />
      {filtering.value === 0 && <UnderWay />}
      <CallList />
    </div>
  );
}
