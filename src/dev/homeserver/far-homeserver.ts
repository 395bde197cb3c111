import { type Homeserver, type HomeserverOptions, startHomeserver } from "./homeserver.ts";
import { claimPort } from "./port.ts";

/** A second homeserver, and what lets another one on this machine federate with it. */
export interface FarHomeserver {
  readonly homeserver: Homeserver;
  /** For the one that is near: its name, and whom it speaks with. */
  readonly near: Required<Pick<HomeserverOptions, "serverName" | "federation">>;
  /** Starts it again, on the same ports and data. */
  startAgain(): Promise<void>;
}

/** Starts a homeserver that federates with one other on this machine, which its user starts. */
export async function startFarHomeserver(directory: string): Promise<FarHomeserver> {
  const nearPort = await claimPort(0);
  const farPort = await claimPort(0);
  const both = [nameOf(nearPort), nameOf(farPort)];
  const place = (port: number) => ({
    serverName: nameOf(port),
    federation: { port, with: both },
  });
  const start = (port: number | "free") =>
    startHomeserver({ ...place(farPort), directory, port, registrations: [] });
  const homeserver = await start("free");
  return {
    homeserver,
    near: place(nearPort),
    async startAgain() {
      await start(Number(new URL(homeserver.url).port));
    },
  };
}

/** Others find it by its name alone: it says host and port. */
function nameOf(port: number): string {
  return `localhost:${port}`;
}
