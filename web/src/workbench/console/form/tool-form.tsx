/** A form for the arguments of a tool, made from its schema. */

import Form from "@rjsf/core/lib/components/Form.js";
import type { RJSFSchema } from "@rjsf/utils";
import type { ComponentType } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import type { Tool } from "../tools";
import { ADDRESS_FIELDS, formSchema, given, uiSchema } from "./form-schema";
import { recalled, remember } from "./memory";
import { templates } from "./templates";
import { validator } from "./validator";

type Data = Record<string, unknown>;

interface FormProps {
  [prop: string]: unknown;
}
/** The library types its children as React's; here they are Preact's. */
const SchemaForm = Form as unknown as ComponentType<FormProps>;

interface Props {
  tool: Tool;
  busy: boolean;
  onRun: (args: Data) => void;
}

export default function ToolForm({ tool, busy, onRun }: Props) {
  const schema = useMemo(() => formSchema(tool.inputSchema), [tool]);
  const required = schema.required ?? [];
  const address = ADDRESS_FIELDS.filter((name) => schema.properties?.[name] && !required.includes(name));
  const [advanced, setAdvanced] = useState(false);
  const [tried, setTried] = useState(false);
  const [data, setData] = useState<Data>(() => recalled(tool.name));
  const ui = useMemo(() => uiSchema(schema, advanced ? [] : address), [schema, advanced]);
  const around = useRef<HTMLDivElement>(null);
  function shortcut(event: KeyboardEvent) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || busy) return;
    event.preventDefault();
    around.current?.querySelector("form")?.requestSubmit();
  }
  return (
    <div ref={around} class="tool-form" onKeyDown={shortcut}>
      <SchemaForm
        schema={{ ...schema, title: "" } as unknown as RJSFSchema}
        uiSchema={{ ...ui, "ui:submitButtonOptions": { norender: true } }}
        validator={validator}
        templates={templates}
        formData={data}
        idPrefix={tool.name}
        showErrorList={false}
        focusOnFirstError
        experimental_defaultFormStateBehavior={{ arrayMinItems: { populate: "requiredOnly" } }}
        noHtml5Validate
        {...(tried ? { liveValidate: "onChange" } : {})}
        onChange={({ formData }: { formData?: Data }) => setData(formData ?? {})}
        onError={() => setTried(true)}
        onSubmit={({ formData = {} }: { formData?: Data }) => {
          setTried(false);
          remember(tool.name, formData);
          onRun(given(schema, formData));
        }}
      >
        {address.length > 0 && (
          <label class="console-advanced">
            <input
              type="checkbox"
              checked={advanced}
              onChange={(event) => setAdvanced(event.currentTarget.checked)}
            />{" "}
            Advanced: another {address.join(" or ")} than the page's own
          </label>
        )}
        <p class="console-run">
          <button type="submit" class="primary" disabled={busy}>
            Run
          </button>{" "}
          <span class="console-quiet">Ctrl+Enter</span>
        </p>
      </SchemaForm>
    </div>
  );
}
