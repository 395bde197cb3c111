import { LOG_END, postLogEnd } from "../../services/log/post-end.ts";
import { defineDeploymentTimer } from "../timer.ts";

/** Tells the operators where the log ends, so that they notice if it ends earlier one day. */
export default defineDeploymentTimer({
  kind: LOG_END,
  handleWithoutCase: ({ work, bots }) => postLogEnd(work, bots.registrar),
});
