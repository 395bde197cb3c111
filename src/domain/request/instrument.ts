import { z } from "zod";
import { StateCode } from "./states.ts";

export const InstrumentCode = z
  .string()
  .regex(/^[A-Z]{2,5}(-[A-Z]{2})?$/, "an instrument code looks like EIO or EPOC-PR")
  .brand<"InstrumentCode">();
export type InstrumentCode = z.infer<typeof InstrumentCode>;

const PlainDate = z.iso.date().transform((text) => Temporal.PlainDate.from(text));

/** Where a rule was read, and whether it was read in the act itself or an authoritative page. */
const Sourced = { sourceRef: z.string().min(1), verified: z.boolean() };

/** What to use where an instrument is not available. */
const Alternative = z.strictObject({
  /** With its article, to stand after "use": "a letter of request (MLA)". */
  text: z.string().min(1),
  instrument: InstrumentCode.optional(),
  /** The convention or act it rests on. */
  basis: z.string().optional(),
});

const NotParticipating = z.strictObject({
  states: z.union([z.literal("third-states"), z.array(StateCode).min(1)]),
  /** A sentence without its full stop; `{State}` is the State's name. */
  because: z.string().includes("{State}"),
  use: Alternative,
  ...Sourced,
});
export type NotParticipating = z.infer<typeof NotParticipating>;

/** One file of `config/instruments/`. */
export const Instrument = z.strictObject({
  code: InstrumentCode,
  name: z.string().min(1),
  abbreviation: z.string().min(1),
  legalBasis: z.strictObject({ act: z.string().min(1), articles: z.string().min(1) }),
  /** Names of the two sides, which differ between instruments. */
  sides: z.strictObject({ from: z.string().min(1), to: z.string().min(1) }),
  /** To one State, to several at once, or to Eurojust. */
  addressee: z.enum(["state", "states", "eurojust"]),
  /** First day on which the instrument can be transmitted. */
  validFrom: PlainDate,
  validFromVerified: z.boolean(),
  validTo: PlainDate.optional(),
  /** What to use for what is transmitted before `validFrom`. */
  before: Alternative.optional(),
  /** Checked in this order for either side; a State that none names takes part. */
  notParticipating: z.array(NotParticipating).default([]),
  /** Conventions on which the instrument rests between certain States. */
  bases: z
    .array(
      z.strictObject({ states: z.array(StateCode).min(1), basis: z.string().min(1), ...Sourced }),
    )
    .default([]),
  ...Sourced,
});
export type Instrument = z.infer<typeof Instrument>;

/** Statuses of a request and what may follow each: `config/instruments/statuses.yaml`. */
export const StatusMachine = z
  .strictObject({
    initial: z.string(),
    statuses: z.record(
      z.string().regex(/^[a-z-]+$/),
      z.strictObject({ label: z.string().min(1), next: z.array(z.string()).default([]) }),
    ),
    /** Statuses that can be reached from any status that is not final. */
    sideExits: z.array(z.string()),
    sourceRef: z.string().min(1),
    verified: z.boolean(),
  })
  .superRefine((machine, context) => {
    const known = new Set(Object.keys(machine.statuses));
    const named = [
      machine.initial,
      ...machine.sideExits,
      ...Object.values(machine.statuses).flatMap(({ next }) => next),
    ];
    for (const status of named) {
      if (!known.has(status)) {
        context.addIssue({ code: "custom", message: `there is no status “${status}”` });
      }
    }
  });
export type StatusMachine = z.infer<typeof StatusMachine>;

/** Everything the rules about requests are computed from. */
export interface InstrumentCatalogue {
  readonly instruments: readonly Instrument[];
  readonly statuses: StatusMachine;
  /** Whether a State is a Member State of the European Union on a day. */
  isMemberState(state: StateCode, onDay: Temporal.PlainDate): boolean;
}

export function findInstrument(
  { instruments }: InstrumentCatalogue,
  code: string,
): Instrument | undefined {
  return instruments.find((instrument) => instrument.code === code.toUpperCase());
}
