/**
 * To-device messages or device lists of a sync response could not be handled. The crypto may have
 * taken in a part of them: going on would lose room keys for good.
 */
export class ToDeviceError extends Error {
  override readonly name = "ToDeviceError";
}
