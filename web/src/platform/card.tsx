/** A part of the page with a heading, and what went wrong in it. */

import type { ComponentChildren } from "preact";

interface Given {
  id: string;
  title: string;
  problem?: string | null;
  actions?: ComponentChildren;
  children: ComponentChildren;
}

export function Card({ id, title, problem, actions, children }: Given) {
  return (
    <section class="card" aria-labelledby={`${id}-title`}>
      <div class="card-head">
        <h2 id={`${id}-title`}>{title}</h2>
        {actions}
      </div>
      {problem ? <Trouble text={problem} /> : null}
      {children}
    </section>
  );
}

export function Trouble({ text }: { text: string }) {
  return (
    <p class="trouble" role="alert">
      {text}
    </p>
  );
}
