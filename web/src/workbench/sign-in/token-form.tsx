/** Asks for the token of a server that wants one. */

import { setToken } from "../../server/credentials";
import { connection } from "../state";

export function TokenForm() {
  function submit(event: SubmitEvent) {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement).get("token");
    if (typeof given !== "string" || given === "") return;
    setToken(given);
    connection.value = "connecting";
  }
  return (
    <form class="token-form" onSubmit={submit}>
      <label for="token">The token of this server, which `jmcp token` prints</label>
      <input id="token" name="token" type="password" autocomplete="off" required />
      <button type="submit">Sign in</button>
    </form>
  );
}
