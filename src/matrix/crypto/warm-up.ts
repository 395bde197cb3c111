import { initAsync } from "@matrix-org/matrix-sdk-crypto-wasm";

/**
 * Compiles the Rust crypto in the background while the rest of the program is loaded. A failure is
 * met again, and reported, where the crypto is opened.
 */
export function warmUpCrypto(): void {
  void initAsync().catch(() => {});
}
