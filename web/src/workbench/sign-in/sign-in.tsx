/** The page of whoever the server does not let in. What it refused is said once something was sent. */

import { hasToken } from "../../server/credentials";
import { trouble } from "../trouble";
import { TokenForm } from "./token-form";

export function SignIn() {
  return (
    <main class="sign-in">
      <h1>jmcp workbench</h1>
      {hasToken() && trouble.value && <p role="alert">{trouble.value.why}</p>}
      <TokenForm />
    </main>
  );
}
