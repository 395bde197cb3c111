export * from "../documents/message/render.ts";
