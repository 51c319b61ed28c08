/** What the server refused: its code, its sentence, and what it says to do next. */

import { JsonTree } from "../../outputs/json-tree";
import type { ServerProblem } from "../../server/problem";

export function ProblemText({ problem }: { problem: ServerProblem }) {
  const { details } = problem.body;
  const many = typeof details === "object" && details !== null && Object.keys(details).length > 0;
  return (
    <div class="console-problem" role="alert">
      <p>
        <code>{problem.code ?? (problem.status === 0 ? "no answer" : problem.status)}</code>
        {problem.code !== undefined && problem.status !== 0 && ` (${problem.status})`} {problem.message}
      </p>
      {many && <JsonTree value={details} label="Details of the error" />}
    </div>
  );
}
