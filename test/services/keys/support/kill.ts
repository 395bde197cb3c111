import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** Changes the key in a process of its own, which kills itself before a statement. */
export async function killDuringRotation(wish: {
  readonly directory: string;
  readonly oldKey: Buffer;
  readonly newKey: Buffer;
  readonly statement: number;
}): Promise<void> {
  const child = fork(
    join(import.meta.dirname, "kill-child.ts"),
    [
      wish.directory,
      wish.oldKey.toString("hex"),
      wish.newKey.toString("hex"),
      String(wish.statement),
    ],
    { execArgv: ["--disable-warning=ExperimentalWarning"], stdio: "inherit" },
  );
  const [code, signal] = await once(child, "exit");
  if (code !== 0 && signal !== "SIGKILL") throw new Error(`the child ended with ${code}`);
}
