import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Homeserver,
  type HomeserverOptions,
  startHomeserver,
} from "../../src/dev/homeserver/homeserver.ts";
import { claimPort } from "../../src/dev/homeserver/port.ts";

export interface TwoHomeservers {
  /** For `openLiveCase`: what makes its homeserver one that speaks with the far one. */
  readonly near: Required<Pick<HomeserverOptions, "serverName" | "federation">>;
  readonly far: Homeserver;
  /** Starts the far one again, on the same port and data. */
  startFar(): Promise<void>;
  close(): Promise<void>;
}

/** A homeserver that federates with one other on this machine, which its user starts. */
export async function startFarHomeserver(): Promise<TwoHomeservers> {
  const nearPort = await claimPort(0);
  const farPort = await claimPort(0);
  const both = [nameOf(nearPort), nameOf(farPort)];
  const place = (port: number) => ({
    serverName: nameOf(port),
    federation: { port, with: both },
  });
  const directory = await mkdtemp(join(tmpdir(), "rogatory-far-"));
  const start = (port: number | "free") =>
    startHomeserver({ ...place(farPort), directory, port, registrations: [] });
  const far = await start("free");
  return {
    near: place(nearPort),
    far,
    async startFar() {
      await start(Number(new URL(far.url).port));
    },
    async close() {
      await far.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Others find it by its name alone: it says host and port. */
function nameOf(port: number): string {
  return `localhost:${port}`;
}
