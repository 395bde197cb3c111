/** The `DOMStringList` of names that a database, a transaction or a store shows: sorted, read-only use. */
export class StringList extends Array<string> {
  static ofNames(names: Iterable<string>): StringList {
    const list = new StringList();
    for (const name of names) list.push(name);
    return list.sort();
  }

  item(position: number): string | null {
    return this[position] ?? null;
  }

  contains(name: string): boolean {
    return this.includes(name);
  }

  override sort(): this {
    return super.sort((first, second) => (first < second ? -1 : first > second ? 1 : 0));
  }
}
