/**
 * What scripts say, in the page's language. Sentences stand in English where they are said; words/de.js
 * has them in German. Literal strings only: locale/catalogues.py reads them out of the source.
 */

const language = document.documentElement.lang || "en";
/** English sentence → its translation; an array of plural forms where a number decides. */
const words = language === "en" ? {} : await load();
const plural = new Intl.PluralRules(language);

async function load() {
  try {
    return (await import(`./words/${language}.js`)).default;
  } catch {
    return {}; // offline, or a language that has no file: better English than nothing
  }
}

function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** Return a sentence, with `{name}` replaced from `values`. */
export function gettext(sentence, values = {}) {
  return filled(words[sentence] ?? sentence, values);
}

/** Return the form that fits a number; `{count}` is the number as the language writes it. */
export function ngettext(one, many, count, values = {}) {
  const forms = words[one] ?? [one, many];
  const form = forms[plural.select(count) === "one" ? 0 : 1];
  return filled(form, { count: count.toLocaleString(language), ...values });
}
