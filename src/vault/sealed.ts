declare const content: unique symbol;

/**
 * A value of type `T`, encrypted for one place in the database (AES-256-GCM).
 *
 * Columns that hold case content have this type, and only the vault can make one: plain text cannot
 * be written into such a column by mistake, because it does not compile.
 */
export type Sealed<T> = string & { readonly [content]: T };

/** Where a sealed value lives. It is bound into the ciphertext: moved elsewhere, it does not open. */
export interface Place {
  readonly table: string;
  readonly column: string;
  /** Primary key of the row. */
  readonly row: string;
}
