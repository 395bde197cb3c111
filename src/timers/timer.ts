import type { Outcome } from "../documents/message/outcome.ts";
import type { BotAccounts, BotName } from "../domain/case/bots.ts";
import type { Case, CaseRoom } from "../domain/case/case.ts";
import type { CaseWork, Work } from "../services/work.ts";

/** What a handler may know: one unit of work on the timer's case, and what the timer is about. */
export interface TimerContext {
  readonly work: CaseWork;
  readonly case: Case;
  /** The accounts of the bots, for what a service has done on the homeserver. */
  readonly bots: BotAccounts;
  /** As it was given to `setTimer`. */
  readonly subject: string;
  readonly dueAt: Temporal.Instant;
}

/** What is said, and where. */
export interface TimerOutcome extends Outcome {
  readonly room: CaseRoom;
}

/**
 * Something that happens by itself at a time. What fell due while the program was down is handled
 * once when it runs again, and what it says is then marked late.
 */
export interface Timer {
  /** Noun and verb, as in the row: `meeting.remind`. */
  readonly kind: string;
  /** Who says it; the bot must be in the room. */
  readonly bot: BotName;
  /**
   * Runs in one transaction with everything that it writes and says. Undefined if nothing is to be
   * said any more; an exception undoes all of it and the timer is tried again later.
   */
  handle(context: TimerContext): Promise<TimerOutcome | undefined>;
}

export function defineTimer(timer: Timer): Timer {
  return timer;
}

/** What a handler may know of a timer that belongs to no case. */
export interface DeploymentTimerContext {
  readonly work: Work;
  readonly bots: BotAccounts;
}

/** The same for the deployment as a whole: nobody but its operators hears of it. */
export interface DeploymentTimer {
  readonly kind: string;
  readonly handleWithoutCase: (context: DeploymentTimerContext) => Promise<void>;
}

export function defineDeploymentTimer(timer: DeploymentTimer): DeploymentTimer {
  return timer;
}

export type AnyTimer = Timer | DeploymentTimer;
