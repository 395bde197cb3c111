import { roomTemplate } from "../../config/room-template.ts";
import {
  answer,
  type Block,
  code,
  fields,
  type Line,
  list,
  type Outcome,
  paragraph,
  strong,
  table,
} from "../../documents/message/outcome.ts";
import { renderText } from "../../documents/message/render.ts";
import type { CreationDraft, TemplateChoice } from "../../domain/case/creation-draft.ts";
import { describeMeeting, meetingExamples, meetingOf } from "../../domain/case/creation-meeting.ts";
import type { Way } from "../../domain/case/ways.ts";
import type { UserId } from "../../domain/ids.ts";
import type { CasePlan } from "./plan-case.ts";
import { accountNotes } from "./unknown-accounts.ts";

/** What is consented to. */
interface ShownPlan extends CasePlan {
  readonly unknownAccounts: readonly UserId[] | undefined;
}

/** The question at which a draft stands. */
export function question(
  draft: CreationDraft,
  templates: readonly TemplateChoice[],
  plan?: ShownPlan,
): Outcome {
  const asked = answer(
    ...blocksOf(draft, templates, plan),
    paragraph(code("back"), " goes to the question before, ", code("cancel"), " ends this."),
  );
  if (plan === undefined || plan.people.length <= MOST_PEOPLE_SHOWN) return asked;
  const whole = renderText(answer(peopleTable(plan.people)));
  const bytes = new TextEncoder().encode(whole);
  return { ...asked, attachments: [{ fileName: "people.txt", mimeType: "text/plain", bytes }] };
}

/** An event has 65,536 bytes at most (client-server API, "Size limits"): more people come as a file. */
const MOST_PEOPLE_SHOWN = 40;

function blocksOf(
  draft: CreationDraft,
  templates: readonly TemplateChoice[],
  plan: ShownPlan | undefined,
): readonly Block[] {
  switch (draft.step) {
    case "template":
      return [
        paragraph("What kind of case is it? Answer with one of these names:"),
        list(templates.map(({ name, title }) => [code(name), ` — ${title}`])),
      ];
    case "name":
      return [
        paragraph(
          "What is the real name of the case? It is said only inside encrypted messages; the homeserver sees a neutral code.",
        ),
      ];
    case "zone":
      return [paragraph("In which time zone is the case, such as ", code("Europe/Bucharest"), "?")];
    case "parties":
      return [
        paragraph(
          "Which States are parties to the agreement, such as ",
          code("RO BE NL"),
          "? ",
          code("skip"),
          " leaves the agreement out.",
        ),
      ];
    case "purpose":
      return [paragraph("What is the purpose of the agreement?")];
    case "meeting":
      return [
        paragraph(
          "Which meeting is it, as on the title page of its outcome report? For example: ",
          code(meetingExamples.group),
          ". ",
          code("skip"),
          " makes a case without takeaways and report.",
        ),
      ];
    case "dates":
      return [
        paragraph(
          "On which days is it, such as ",
          code(meetingExamples.dates),
          "? One day will do.",
        ),
      ];
    case "venue":
      return [paragraph("Who holds it, and where, such as ", code(meetingExamples.venue), "?")];
    case "agenda":
      return [
        paragraph(
          "Which sessions and workshops have a room of their own? One in a line; they are numbered, or begin with a letter and a number: ",
          code("w1: Identifying victims"),
          ". ",
          code("skip"),
          " makes none.",
        ),
      ];
    case "roster":
      return [
        ...(draft.roster.length === 0 ? sectionBlocks(draft) : []),
        ...(draft.roster.length === 0
          ? [paragraph("Who takes part? Send me one of these, several times if you like:")]
          : [
              paragraph(
                strong(
                  `${draft.roster.length} ${draft.roster.length === 1 ? "person" : "people"} so far.`,
                ),
                " Send more, take somebody out with ",
                code("remove @name:server"),
                ", or answer ",
                code("done"),
                ".",
              ),
            ]),
        ...(draft.roster.length === 0 ? waysToSend(draft) : []),
      ];
    case "confirm":
      return plan === undefined ? [] : [...planBlocks(plan, draft, templates)];
  }
}

/** Which code each section has got: people type it. */
function sectionBlocks({ agenda }: CreationDraft): Block[] {
  if (agenda.length === 0) return [];
  return [
    paragraph(
      "These are the sections. The homeserver reads their codes in the names of the rooms, which is why these are numbers; the titles are said inside encrypted messages only.",
    ),
    list(agenda.map(({ code: short, title }) => [code(short), ` — ${title}`])),
  ];
}

function waysToSend({ template }: CreationDraft): Block[] {
  const roles = template === undefined ? [] : Object.keys(roomTemplate(template).roles);
  return [
    list([
      [
        "one person in a line: ",
        code("@ro-pros:example.org leader RO Prosecutor, DIICOT Europe/Bucharest"),
      ],
      [
        "a table with a first line of names: ",
        code("localpart,matrixId,function,state,body,role,languages,timeZone"),
      ],
      "the same as a CSV or YAML file",
    ]),
    paragraph(`Roles: ${roles.join(", ")}.`),
  ];
}

export const wayTexts: Readonly<Record<Way, string>> = {
  invited: "an invitation to each room",
  "by-space": "one invitation to the space, then by themselves",
  joined: "joined by me",
};

function planBlocks(
  { name, kind, rooms, people, unknownAccounts }: ShownPlan,
  { meeting, template }: CreationDraft,
  templates: readonly TemplateChoice[],
): readonly Block[] {
  const choice = templates.find((known) => known.name === template);
  const hasReport = choice?.reportTemplate !== undefined;
  const reported = meetingOf(meeting);
  const report = reported === undefined ? "none" : describeMeeting(reported);
  return [
    fields([
      ["Case", strong(name)],
      ["Kind", kind],
      ...(hasReport ? [["Outcome report", report] as const] : []),
    ]),
    table(
      ["Room", "Who joins", "People"],
      rooms.map((room): readonly Line[] => [
        strong(room.name),
        room.joinRule === "restricted" ? "members of the space" : "by invitation only",
        String(room.people.length),
      ]),
    ),
    people.length <= MOST_PEOPLE_SHOWN
      ? peopleTable(people)
      : list(countsOf(people).map(([what, count]) => `${count} × ${what}`)),
    ...accountNotes(unknownAccounts).map((note) => paragraph(strong(note))),
    paragraph("Answer ", code("yes"), " to create it. Nothing has been done so far."),
  ];
}

function peopleTable(people: CasePlan["people"]): Block {
  return table(
    ["Person", "Function", "From", "Role", "Power", "Comes in by", "Rooms"],
    people.map((person): readonly Line[] => [
      person.userId,
      person.function,
      person.affiliation ?? "",
      person.role,
      String(person.power),
      wayTexts[person.way],
      person.rooms.map((room) => room.split(" · ").at(-1) ?? room).join(", "),
    ]),
  );
}

function countsOf(people: CasePlan["people"]): readonly (readonly [string, number])[] {
  const groups = Map.groupBy(people, ({ role, way }) => `${role}, ${wayTexts[way]}`);
  return [...groups].map(([what, who]) => [what, who.length]);
}
