import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import JSZip from "jszip";
import { beforeEach, describe, expect, it } from "vitest";
import { writeWordReport } from "../../src/documents/word-report.ts";
import { playScript } from "../support/focus-group-demo.ts";
import { requires } from "../support/requires.ts";

const run = promisify(execFile);
const { report } = playScript();
const at = Temporal.Instant.from("2025-09-25T15:00:00.123Z");

async function partOf(document: Uint8Array, name: string): Promise<string> {
  const zip = await JSZip.loadAsync(document);
  return (await zip.file(name)?.async("string")) ?? "";
}

describe("the Word outcome report", () => {
  it("has the same bytes for the same report and instant", async () => {
    const first = await writeWordReport(report, at);
    const second = await writeWordReport(report, at);
    expect(Buffer.from(second).equals(Buffer.from(first))).toBe(true);
  });

  it("has heading styles, automatic numbers, real lists, its language and its title", async () => {
    const document = await writeWordReport(report, at);
    const body = await partOf(document, "word/document.xml");
    expect(body.match(/<w:pStyle w:val="Heading1"\/>/g)).toHaveLength(9);
    expect(body.match(/<w:pStyle w:val="Heading2"\/>/g)).toHaveLength(5);
    expect(body.match(/<w:pStyle w:val="ListParagraph"\/>/g)).toHaveLength(22);
    expect(body).toMatch(/TOC \\h \\o &quot;1-2&quot;/);
    expect(body.match(/PAGEREF _Toc\d+/g)).toHaveLength(14);
    expect(await partOf(document, "word/styles.xml")).toContain('<w:lang w:val="en-GB"');
    const core = await partOf(document, "docProps/core.xml");
    expect(core).toContain(`<dc:title>${report.title} – Outcome report</dc:title>`);
    expect(core.match(/2025-09-25T15:00:00Z/g)).toHaveLength(2);
  });

  it("is not marked as a draft once it is final", async () => {
    const { draftMark: _draft, ...final } = report;
    const document = await writeWordReport(final, at);
    expect(await partOf(document, "word/document.xml")).not.toContain("DRAFT");
    expect(await partOf(document, "word/header1.xml")).not.toContain("DRAFT");
    expect(await partOf(document, "word/header1.xml")).toContain("TLP:AMBER");
  });
});

describe("the Word outcome report, opened in LibreOffice", () => {
  beforeEach((context) => {
    requires("libreoffice-writer", "soffice")(context);
    requires("poppler-utils", "pdftotext")(context);
  });

  it("shows numbered headings, and contents whose page numbers are those of the headings", async () => {
    const folder = await mkdtemp(join(tmpdir(), "outcome-report-"));
    try {
      await writeFile(join(folder, "report.docx"), await writeWordReport(report, at));
      const profile = `-env:UserInstallation=${pathToFileURL(join(folder, "profile")).href}`;
      await run("soffice", [
        profile,
        "--headless",
        "--convert-to",
        "pdf",
        "--outdir",
        folder,
        join(folder, "report.docx"),
      ]);
      const { stdout } = await run("pdftotext", ["-layout", join(folder, "report.pdf"), "-"]);
      const pages = stdout.split("\f");
      const squeezed = pages.map((page) => page.replaceAll(/\s+/g, " "));
      expect(squeezed[0]).toContain("DRAFT TLP:AMBER");
      for (const { number, title } of report.sections) {
        // Where a wider font replaces Calibri, a long title leaves no room for dots.
        const entry = new RegExp(`${RegExp.escape(`${number}. ${title}`)}[ .]+(\\d+)`);
        const page = Number(entry.exec(squeezed[1] ?? "")?.[1]);
        expect(page, title).toBeGreaterThan(2);
        // Fonts differ between machines: a heading near a page break may move to the next page.
        const near = squeezed.slice(page - 2, page + 1).join(" ");
        expect(near, title).toContain(`${number}. ${title}`);
      }
      expect(squeezed[2]).toMatch(/Outcome report 3 ?$/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }, 60_000);
});
