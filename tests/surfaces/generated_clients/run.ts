// What people write with openapi-fetch: a notebook from opening it to a refused stale write.
import createClient from "openapi-fetch";
import type { paths } from "./schema";

declare const process: { env: Record<string, string> };

const client = createClient<paths>({
  baseUrl: process.env.JMCP_TEST_URL ?? "",
  headers: { Authorization: `Bearer ${process.env.JMCP_TEST_TOKEN}` },
});

const opened = await client.POST("/jmcp/v1/sessions", {
  body: { notebook_path: "generated-ts.ipynb", mode: "create" },
});
if (!opened.data) throw new Error(opened.error.detail);
const session_id = opened.data.session_id ?? "";
const inserted = await client.POST("/jmcp/v1/sessions/{session_id}/cells", {
  params: { path: { session_id } },
  body: { cell_index: 0, cell_type: "code", cell_source: "6 * 7" },
});
const cell_id = inserted.data?.cell_id ?? "";
const path = { session_id, cell_id };
const run = await client.POST("/jmcp/v1/sessions/{session_id}/cells/{cell_id}/execution", {
  params: { path },
  body: { wait: 60 },
});
const read = await client.GET("/jmcp/v1/sessions/{session_id}/cells/{cell_id}", { params: { path } });
const put = (tag: string | null, cell_source: string) =>
  client.PUT("/jmcp/v1/sessions/{session_id}/cells/{cell_id}/source", {
    params: { path, header: { "If-Match": tag ?? "" } },
    body: { cell_source },
  });
const tag = read.response.headers.get("etag");
const edited = await put(tag, "6 * 8");
const stale = await put(tag, "6 * 9");
const missing = await client.GET("/jmcp/v1/sessions/{session_id}/cells/{cell_id}", {
  params: { path: { session_id, cell_id: "nope" } },
});
for (const cell_source of ["1", "2"]) {
  await client.POST("/jmcp/v1/sessions/{session_id}/cells", {
    params: { path: { session_id } },
    body: { cell_index: -1, cell_type: "code", cell_source },
  });
}
const page = await client.GET("/jmcp/v1/sessions/{session_id}/notebook", {
  params: { path: { session_id }, query: { limit: 2 } },
});
const next = await client.GET("/jmcp/v1/sessions/{session_id}/notebook", {
  params: { path: { session_id }, query: { start_index: page.data?.more?.start_index ?? 0 } },
});
const released = await client.DELETE("/jmcp/v1/sessions/{session_id}", {
  params: { path: { session_id }, query: { kernel: "stop" } },
});

console.log(
  JSON.stringify({
    output: typeof run.data === "object" ? run.data.outputs[0]?.text : run.data,
    edited: edited.data?.change,
    stale: [stale.response.status, stale.error?.code, stale.error?.details.source],
    missing: [missing.response.status, missing.error?.code],
    link: page.response.headers.get("link")?.includes('rel="next"'),
    rows: [page.data?.cells.rows.length, next.data?.cells.rows.length],
    ended: released.data?.session_ended,
  }),
);
