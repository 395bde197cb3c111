import { writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { answers } from "../people/message.ts";
import type { Audience } from "./audience.ts";
import type { Played } from "./player.ts";

const FORMATS = [".md", ".docx"];

/**
 * Downloads the outcome report from the room, with the client of whoever asked for it last, and
 * keeps it as `outcome-report.*`.
 *
 * @returns the files; none if the script asks for no report
 */
export async function saveReport(
  { crowd }: Audience,
  played: readonly Played[],
  directory: string,
): Promise<readonly string[]> {
  const asked = played.findLast(({ step }) => /^!report draft\b/.test(step.say));
  if (asked === undefined) return [];
  const { sender, eventId } = asked.said;
  return Promise.all(
    FORMATS.map(async (format) => {
      const file = await crowd.timeline.first(
        (message) =>
          message.kind === "file" && answers(message, eventId) && extname(message.body) === format,
        `the outcome report as ${format}`,
        REPORT_MILLISECONDS,
      );
      const path = join(directory, `outcome-report${format}`);
      await writeFile(path, await crowd.download(sender, file.eventId));
      return path;
    }),
  );
}

const REPORT_MILLISECONDS = 60_000;
