/** A panel whose code comes after the page has been painted. */

import type { FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";

export function laterPanel(load: () => Promise<FunctionComponent>): FunctionComponent {
  return function LaterPanel() {
    const [panel, setPanel] = useState<{ Panel: FunctionComponent } | null>(null);
    const [missing, setMissing] = useState(false);
    useEffect(() => {
      load().then(
        (Panel) => setPanel({ Panel }),
        () => setMissing(true),
      );
    }, []);
    if (panel !== null) return <panel.Panel />;
    return <p class="empty">{missing ? "The server did not answer. Load the page again." : "Loading …"}</p>;
  };
}
