/** A question before something that cannot be taken back. */

import { useEffect, useRef } from "preact/hooks";

interface Given {
  text: string;
  yes: string;
  onYes: () => void;
  onNo: () => void;
}

export function Question({ text, yes, onYes, onNo }: Given) {
  const no = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    no.current?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <div
      class="question"
      role="alertdialog"
      aria-label={text}
      onKeyDown={(event) => event.key === "Escape" && onNo()}
    >
      <p>{text}</p>
      <button ref={no} type="button" onClick={onNo}>
        No
      </button>
      <button type="button" class="danger" onClick={onYes}>
        {yes}
      </button>
    </div>
  );
}
