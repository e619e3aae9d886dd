import type { Child } from "hono/jsx";
import type { Viewer } from "./viewer.ts";

interface PostFormProps {
  action: string;
  viewer: Viewer;
  /** Fields that nobody fills in; those that are `undefined` are left out. */
  fields?: { readonly [name: string]: string | undefined };
  class?: string;
  children: Child;
}

/** A form that posts. It carries the token that makes it ours: an action without it is refused. */
export function PostForm({ action, viewer, fields = {}, class: names, children }: PostFormProps) {
  const hidden = Object.entries({ csrf_token: viewer.csrfToken, ...fields });
  return (
    <form method="post" action={action} class={names}>
      {hidden.map(([name, value]) => value !== undefined && <input type="hidden" name={name} value={value} />)}
      {children}
    </form>
  );
}

interface FieldProps {
  /** The id of the control. */
  id: string;
  label: string;
  wide?: boolean;
  children: Child;
}

/** A control of a form under its label. */
export function Field({ id, label, wide = false, children }: FieldProps) {
  return (
    <div class={wide ? "field wide" : "field"}>
      <label for={id}>{label}</label>
      {children}
    </div>
  );
}

interface SelectProps {
  label: string;
  name: string;
  chosen: string | undefined;
  /** The option of no choice. */
  all: string;
  /** Value and word. */
  options: readonly (readonly [string, string])[];
  /** The form is sent as soon as another option is chosen. */
  submits?: true;
}

/** A control that offers a choice. */
export function Select({ label, name, chosen, all, options, submits }: SelectProps) {
  return (
    <Field id={name} label={label}>
      <select id={name} name={name} data-submits={submits}>
        <option value="">{all}</option>
        {options.map(([value, word]) => (
          <option value={value} selected={value === chosen}>
            {word}
          </option>
        ))}
      </select>
    </Field>
  );
}

interface DayFieldProps {
  name: "from" | "to";
  label: string;
  value: string | undefined;
  required?: true;
}

/** A control for a day; a moment, as a link may have it, is shown as text. */
export function DayField({ name, label, value, required }: DayFieldProps) {
  const isDay = value === undefined || /^\d{4}-\d\d-\d\d$/.test(value);
  return (
    <Field id={name} label={label}>
      <input type={isDay ? "date" : "text"} id={name} name={name} value={value} required={required} />
    </Field>
  );
}
