const WORDS = [
  "first",
  "second",
  "third",
  "fourth",
  "fifth",
  "sixth",
  "seventh",
  "eighth",
  "ninth",
  "tenth",
  "eleventh",
  "twelfth",
] as const;

/** `1st`, `2nd`, `3rd`, `4th`, `11th`, `21st`. */
export function formatOrdinal(number: number): string {
  const lastTwo = number % 100;
  const suffix =
    lastTwo >= 11 && lastTwo <= 13 ? "th" : ({ 1: "st", 2: "nd", 3: "rd" }[number % 10] ?? "th");
  return `${number}${suffix}`;
}

/** `fourth`; beyond twelve in figures, as the style of the published reports has it. */
export function formatOrdinalWord(number: number): string {
  return WORDS[number - 1] ?? formatOrdinal(number);
}
