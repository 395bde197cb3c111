import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { explainFailure, prepareEnvironment } from "../../../src/dev/homeserver/environment.ts";
import { withExclusiveLock } from "../../../src/dev/homeserver/exclusive-lock.ts";
import { findPython } from "../../../src/dev/homeserver/python.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "rogatory-environment-"));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** A stand-in for Python that answers our question, and "installs" by a shell script. */
async function fakePython(version: string, venv: boolean, install = "exit 1"): Promise<string> {
  const path = join(directory, `python-${version}-${venv}`);
  const answer = JSON.stringify({
    executable: path,
    version: version.split(".").map(Number),
    venv,
  });
  const script = `#!/bin/sh\nif [ "$1" = -c ]; then echo '${answer}'; exit 0; fi\n${install}\n`;
  await writeFile(path, script);
  await chmod(path, 0o755);
  return path;
}

describe("finding Python", () => {
  it("takes the first that is new enough and can make virtual environments", async () => {
    const found = await findPython([
      "no-such-python",
      await fakePython("3.9.1", true),
      await fakePython("3.12.1", false),
      await fakePython("3.10.0", true),
    ]);
    expect(found.version).toBe("3.10.0");
  });

  it.each([
    ["python-missing", []],
    ["python-too-old", [["3.9.2", true]]],
    ["python-too-old", [["2.7.18", true]]],
    ["python-without-venv", [["3.11.2", false]]],
  ] as const)("says %s in one sentence", async (code, pythons) => {
    const paths = await Promise.all(pythons.map(([version, venv]) => fakePython(version, venv)));
    await expect(findPython(paths)).rejects.toMatchObject({ code });
  });
});

/** Makes what `python -m venv FOLDER` makes, with a pip that only counts its calls. */
const VENV = (pip: string) => `
mkdir -p "$3/bin"
cat > "$3/bin/python" <<'END'
#!/bin/sh
${pip}
END
chmod +x "$3/bin/python"`;

describe("setting Synapse up", () => {
  const count = async () =>
    (await readFile(join(directory, "count"), "utf8").catch(() => "")).split("\n").length - 1;

  it("is done once, also when two ask at the same time", async () => {
    const pip = VENV(`sleep 0.3; echo "$@" >> ${join(directory, "count")}`);
    const options = {
      cache: join(directory, "cache"),
      pythons: [await fakePython("3.11.0", true, pip)],
    };
    const both = await Promise.all([prepareEnvironment(options), prepareEnvironment(options)]);
    expect(both[0]).toBe(both[1]);
    await prepareEnvironment(options);
    expect(await count()).toBe(1);
  });

  it("starts over after an attempt that did not come to its end", async () => {
    const cache = join(directory, "cache");
    const broken = await fakePython(
      "3.11.0",
      true,
      VENV("echo Temporary failure in name resolution; exit 1"),
    );
    await expect(prepareEnvironment({ cache, pythons: [broken] })).rejects.toMatchObject({
      code: "no-network",
    });
    const [folder] = (await readdir(cache)).filter((name) =>
      /^synapse-[^.]+\.[^.]+\.[^.]+$/.test(name),
    );
    await mkdir(join(cache, folder ?? "", "left-over"));

    const working = await fakePython("3.11.1", true, VENV(`echo x >> ${join(directory, "count")}`));
    const python = await prepareEnvironment({ cache, pythons: [working] });
    expect(await count()).toBe(1);
    expect(await readdir(join(python, "../.."))).toEqual(["bin", "complete"]);
  });

  it("says that the cache cannot be written to", async () => {
    await writeFile(join(directory, "file"), "");
    await expect(prepareEnvironment({ cache: join(directory, "file") })).rejects.toMatchObject({
      code: "disk-not-writable",
    });
  });

  it.each([
    ["no-network", "WARNING: Retrying ... NewConnectionError('...: Connection refused')"],
    ["disk-not-writable", "ERROR: Could not install packages: [Errno 28] No space left on device"],
    ["synapse-not-installed", "ERROR: No matching distribution found"],
  ])("tells %s from what pip printed", (code, output) => {
    expect(explainFailure(output, "pip.log")).toMatchObject({ code });
  });
});

it("a lock lets one in at a time and is free again after an error", async () => {
  const path = join(directory, "lock");
  const seen: string[] = [];
  const enter = (name: string) =>
    withExclusiveLock(path, async () => {
      seen.push(`${name} in`);
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(`${name} out`);
      if (name === "a") throw new Error("a failed");
    });
  await Promise.allSettled([enter("a"), enter("b")]);
  expect(seen).toEqual(["a in", "a out", "b in", "b out"]);
});
