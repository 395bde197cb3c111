import { roomTemplate } from "../config/room-template.ts";
import type { Capability } from "../domain/case/capability.ts";
import type { Case } from "../domain/case/case.ts";
import { isAllowed, stateNameOf, stateOf, whatFirst } from "../domain/case/life.ts";
import { RogatoryError } from "../domain/errors.ts";

/**
 * Decides every permission: whether a role includes what a command needs, and then whether the case is
 * in a state that allows it (Regulation (EU) 2023/969 Art 13(1), (4)). The state binds operators too.
 *
 * @throws RogatoryError `command.denied`, `command.state`
 */
export function requirePermission(held: ReadonlySet<Capability>, of: Case, needed: Capability) {
  if (isPermitted(held, of, needed)) return;
  if (!held.has(needed)) {
    throw new RogatoryError(
      "command.denied",
      "Your role in this case does not include this command. Ask a leader or co-chair; !help shows what you can do.",
    );
  }
  const { life } = roomTemplate(of.template);
  const name = stateNameOf(life, of.state);
  const state = stateOf(life, name);
  throw new RogatoryError(
    "command.state",
    `This is not done while the case is ${state.title}. ${whatFirst(life, name, (later) => isAllowed(later, needed))}`,
  );
}

/** The same as an answer, for the help. */
export function isPermitted(held: ReadonlySet<Capability>, of: Case, needed: Capability): boolean {
  const { life } = roomTemplate(of.template);
  return held.has(needed) && isAllowed(stateOf(life, stateNameOf(life, of.state)), needed);
}
