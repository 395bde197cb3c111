export * from "../documents/message/notice.ts";
