/** The parts of a form that are not the library's own. */

import { buttonId, canExpand, descriptionId, titleId } from "@rjsf/utils";
import type { IconButtonProps, ObjectFieldTemplateProps, TemplatesType } from "@rjsf/utils";
import type { ComponentChildren, ComponentType } from "preact";

/** The library's buttons are icons of a style sheet that is not here. */
function button(text: string) {
  return function FormButton({ id, onClick, disabled, className }: IconButtonProps) {
    return (
      <button type="button" id={id} class={className} disabled={disabled ?? false} onClick={onClick as never}>
        {text}
      </button>
    );
  };
}

/** What has to be given comes first; the rest waits behind a line that names it. */
function ObjectTemplate(props: ObjectFieldTemplateProps) {
  const { fieldPathId, properties, required, schema, title, registry, uiSchema, formData, errorSchema } = props;
  const { TitleFieldTemplate, DescriptionFieldTemplate, ButtonTemplates } = registry.templates;
  const needed = new Set(schema.required ?? []);
  const shown = properties.filter(({ name, hidden }) => needed.has(name) && !hidden);
  const rest = properties.filter(({ name, hidden }) => !needed.has(name) && !hidden);
  const wrong = rest.some(({ name }) => errorSchema?.[name] !== undefined);
  const Title = TitleFieldTemplate as unknown as ComponentType<Record<string, unknown>>;
  const Description = DescriptionFieldTemplate as unknown as ComponentType<Record<string, unknown>>;
  const Add = ButtonTemplates.AddButton as unknown as ComponentType<Record<string, unknown>>;
  const common = { schema, uiSchema, registry };
  return (
    <fieldset id={fieldPathId.$id}>
      {title && <Title id={titleId(fieldPathId)} title={title} required={required} {...common} />}
      {props.description && (
        <Description id={descriptionId(fieldPathId)} description={props.description} {...common} />
      )}
      {shown.map(content)}
      {rest.length > 0 && (
        <details class="console-optional" open={shown.length === 0 || wrong || undefined}>
          <summary>
            Optional: <span class="console-quiet">{rest.map(({ name }) => name).join(", ")}</span>
          </summary>
          {rest.map(content)}
        </details>
      )}
      {canExpand(schema, uiSchema, formData) && (
        <Add id={buttonId(fieldPathId, "add")} onClick={props.onAddProperty} {...common} />
      )}
    </fieldset>
  );
}

function content(property: ObjectFieldTemplateProps["properties"][number]): ComponentChildren {
  return property.content as unknown as ComponentChildren;
}

export const templates: Partial<TemplatesType> = {
  ObjectFieldTemplate: ObjectTemplate as unknown as TemplatesType["ObjectFieldTemplate"],
  ButtonTemplates: {
    AddButton: button("Add"),
    CopyButton: button("Copy"),
    MoveDownButton: button("Down"),
    MoveUpButton: button("Up"),
    RemoveButton: button("Remove"),
    ClearButton: button("Clear"),
    SubmitButton: () => null,
  } as unknown as TemplatesType["ButtonTemplates"],
};
