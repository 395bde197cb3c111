import { instrumentCatalogue } from "../../src/config/instruments.ts";
import type { Instrument, StatusMachine } from "../../src/domain/request/instrument.ts";
import { code, generatedFrom, page, sentence, table } from "./markdown.ts";

export function instrumentsPage(): string {
  const { instruments, statuses } = instrumentCatalogue();
  return page(
    "# Instruments",
    "",
    generatedFrom("config/instruments"),
    "",
    "The legal instruments of which requests are kept, and who takes part in them. Rules that were not read in the act itself or on an authoritative page are marked *unverified*: check them before you rely on them.",
    "",
    ...table(
      ["Code", "Instrument", "Legal basis", "From"],
      instruments.map((instrument) => [
        `[${instrument.code}](#${anchor(instrument)})`,
        instrument.name,
        `${instrument.legalBasis.act}, ${instrument.legalBasis.articles}`,
        `${instrument.validFrom}${mark(instrument.validFromVerified)}`,
      ]),
    ),
    "",
    ...instruments.flatMap(section),
    ...statusSection(statuses),
  );
}

function section(instrument: Instrument): readonly string[] {
  const { name, code: short, sides, validFrom, validTo, before, bases } = instrument;
  return [
    `## ${short}: ${name}`,
    "",
    `- Legal basis: ${instrument.legalBasis.act}, ${instrument.legalBasis.articles}`,
    `- Sides: ${sides.from} and ${sides.to}`,
    `- In use from ${validFrom}${validTo === undefined ? "" : ` to ${validTo}`}${mark(instrument.validFromVerified)}`,
    ...(before === undefined ? [] : [`- Before: ${before.text}${basisOf(before.basis)}`]),
    ...bases.map(
      ({ states, basis, verified }) => `- Between ${states.join(", ")}: ${basis}${mark(verified)}`,
    ),
    `- Source: ${instrument.sourceRef}${mark(instrument.verified)}`,
    "",
    ...(instrument.notParticipating.length === 0
      ? []
      : [
          "Not available for:",
          "",
          ...table(
            ["States", "Why", "Use instead", "Source"],
            instrument.notParticipating.map(({ states, because, use, sourceRef, verified }) => [
              states === "third-states" ? "States outside the European Union" : states.join(", "),
              sentence(because.replaceAll("{State}", "the State")),
              `${use.text}${basisOf(use.basis)}`,
              `${sourceRef}${mark(verified)}`,
            ]),
          ),
          "",
        ]),
  ];
}

function statusSection({
  initial,
  statuses,
  sideExits,
  sourceRef,
  verified,
}: StatusMachine): readonly string[] {
  return [
    "## Statuses",
    "",
    `A request begins as ${code(initial)}. Any status that is not final may also become ${sideExits.map(code).join(", ")}.`,
    "",
    ...table(
      ["Status", "Shown as", "May become"],
      Object.entries(statuses).map(([name, { label, next }]) => [
        code(name),
        label,
        next.length === 0 ? "–" : next.map(code).join(", "),
      ]),
    ),
    "",
    `Source: ${sourceRef}${mark(verified)}`,
  ];
}

function anchor({ code: short, name }: Instrument): string {
  return `${short}: ${name}`
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} -]/gu, "")
    .replaceAll(" ", "-");
}

function basisOf(basis: string | undefined): string {
  return basis === undefined ? "" : ` (${basis})`;
}

function mark(verified: boolean): string {
  return verified ? "" : " (*unverified*)";
}
