export * from "../documents/message/outcome.ts";
