import { BOARD_TIMER, showBoards } from "../../services/board/show-boards.ts";
import { defineTimer } from "../timer.ts";

/** Brings boards up to date when a meeting is over, or an action overdue. */
export default defineTimer({
  kind: BOARD_TIMER,
  bot: "registrar",
  async handle({ work, bots }) {
    await showBoards(work, bots);
    return undefined;
  },
});
