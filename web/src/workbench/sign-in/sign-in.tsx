/** The page of whoever the server does not let in. What it refused is said once something was sent. */

import { hasToken } from "../../server/credentials";
import { ticketRefusal } from "../../server/ticket";
import { trouble } from "../trouble";
import { TokenForm } from "./token-form";

export function SignIn() {
  const why = ticketRefusal.value ?? (hasToken() ? trouble.value?.why : undefined);
  return (
    <main class="sign-in">
      <h1>jmcp workbench</h1>
      {why && <p role="alert">{why}</p>}
      <TokenForm />
    </main>
  );
}
