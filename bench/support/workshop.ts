const perDelegation = 3;
/** With the space, the plenary and the rapporteurs' room: twelve rooms. */
const sessions = Array.from({ length: 9 }, (_, index) => `s${index + 1}`);

// ISO 3166-1 codes of 31 delegations: the Member States and four guests.
const states =
  "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE CH NO UA GB".split(
    " ",
  );

export interface Workshop {
  /** Local parts of everybody. */
  readonly people: readonly string[];
  /** Of those who come into the rapporteurs' room. */
  readonly rapporteurs: readonly string[];
  /** How the names of the rooms end. */
  readonly rooms: readonly string[];
  /** As `rogatory case apply --from` reads it. */
  readonly file: object;
}

/** @param run makes the people and the name of this run its own */
export function planWorkshop(run: string): Workshop {
  const people = states.flatMap((state) =>
    Array.from({ length: perDelegation }, (_, index) => ({
      localpart: `${run}-${state.toLowerCase()}-${index}`,
      function: `Specialised prosecutor ${index + 1}`,
      state,
      role: roleOf(state, index),
    })),
  );
  const file = {
    ...{ template: "focus-group", name: `Workshop ${run}`, timeZone: "Europe/Amsterdam" },
    meeting: {
      ...{ ordinal: 1, title: "Specialists", organisation: "TEST", place: "The Hague" },
      ...{ from: "2027-10-07", to: "2027-10-08" },
    },
    reportTemplate: "focus-group",
    agenda: sessions.map((code) => ({ code, title: `Session ${code}`, room: true })),
    roster: people,
  };
  return {
    people: people.map(({ localpart }) => localpart),
    rapporteurs: people.flatMap(({ role, localpart }) =>
      role === "participant" ? [] : [localpart],
    ),
    rooms: ["space", "plenary", "rapporteurs", ...sessions],
    file,
  };
}

function roleOf(state: string, index: number): string {
  if (index > 0) return "participant";
  if (state === "AT") return "co-chair";
  return state === "BE" || state === "BG" ? "rapporteur" : "participant";
}
