/** A button that asks before it does something that cannot be taken back. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

interface Given {
  label: string;
  /** What a screen reader says, where there are several of the label. */
  name: string;
  question: string;
  disabled: boolean;
  onConfirm: () => void;
}

export function ConfirmedButton({ label, name, question, disabled, onConfirm }: Given) {
  const asking = useSignal(false);
  const asked = useRef(false);
  const first = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    // The focus goes to the question, and back.
    if (asked.current) first.current?.focus();
    asked.current = true;
  }, [asking.value]);
  if (!asking.value) {
    return (
      <button
        ref={first}
        type="button"
        aria-label={name}
        disabled={disabled}
        onClick={() => (asking.value = true)}
      >
        {label}
      </button>
    );
  }
  return (
    <span
      class="session-question"
      role="group"
      aria-label={question}
      onKeyDown={(event) => event.key === "Escape" && (asking.value = false)}
    >
      <span>{question}</span>
      <button ref={first} type="button" onClick={() => (asking.value = false)}>
        No
      </button>
      <button
        type="button"
        class="session-danger"
        onClick={() => {
          asking.value = false;
          onConfirm();
        }}
      >
        Yes, {label.toLowerCase()}
      </button>
    </span>
  );
}
