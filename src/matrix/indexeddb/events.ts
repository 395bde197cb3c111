/** The events of IndexedDB, of which only the bubbling from request to database matters here. */
export class IndexedDbEvent {
  readonly type: string;
  readonly bubbles: boolean;
  readonly cancelable: boolean;
  target: IndexedDbEventTarget | null = null;
  currentTarget: IndexedDbEventTarget | null = null;
  defaultPrevented = false;
  stopped = false;

  constructor(
    type: string,
    options: { readonly bubbles?: boolean; readonly cancelable?: boolean } = {},
  ) {
    this.type = type;
    this.bubbles = options.bubbles ?? false;
    this.cancelable = options.cancelable ?? false;
  }

  preventDefault(): void {
    if (this.cancelable) this.defaultPrevented = true;
  }

  stopPropagation(): void {
    this.stopped = true;
  }

  get [Symbol.toStringTag](): string {
    return "Event";
  }
}

export class IDBVersionChangeEvent extends IndexedDbEvent {
  readonly oldVersion: number;
  readonly newVersion: number | null;

  constructor(
    type: string,
    versions: { readonly oldVersion?: number; readonly newVersion?: number | null } = {},
  ) {
    super(type);
    this.oldVersion = versions.oldVersion ?? 0;
    this.newVersion = versions.newVersion ?? null;
  }

  override get [Symbol.toStringTag](): string {
    return "IDBVersionChangeEvent";
  }
}

export type IndexedDbListener = (event: IndexedDbEvent) => void;
export type IndexedDbHandler = IndexedDbListener | null;

interface Registration {
  readonly type: string;
  readonly listener: IndexedDbListener;
  readonly once: boolean;
}

/** An event target with a parent; Node's own `EventTarget` knows no bubbling and is much slower. */
export abstract class IndexedDbEventTarget {
  #registrations: Registration[] = [];

  /** The `on…` property for an event type. */
  protected abstract handlerOf(type: string): IndexedDbHandler;
  protected abstract parent(): IndexedDbEventTarget | null;

  addEventListener(
    type: string,
    listener: IndexedDbListener,
    options?: { readonly once?: boolean },
  ): void {
    this.#registrations.push({ type, listener, once: options?.once === true });
  }

  removeEventListener(type: string, listener: IndexedDbListener): void {
    this.#registrations = this.#registrations.filter(
      (registration) => registration.type !== type || registration.listener !== listener,
    );
  }

  /** Whether a listener threw; what was thrown is reported as an uncaught exception, as in a browser. */
  dispatch(event: IndexedDbEvent): { readonly threw: boolean } {
    event.target = this;
    let threw = false;
    let current: IndexedDbEventTarget | null = this;
    while (current !== null) {
      event.currentTarget = current;
      threw = current.#invoke(event) || threw;
      current = event.bubbles && !event.stopped ? current.parent() : null;
    }
    event.currentTarget = null;
    return { threw };
  }

  dispatchEvent(event: IndexedDbEvent): boolean {
    this.dispatch(event);
    return !event.defaultPrevented;
  }

  #invoke(event: IndexedDbEvent): boolean {
    let threw = false;
    for (const listener of this.#listenersFor(event.type)) {
      try {
        listener.call(this, event);
      } catch (error) {
        threw = true;
        queueMicrotask(() => {
          throw error;
        });
      }
    }
    return threw;
  }

  #listenersFor(type: string): readonly IndexedDbListener[] {
    const listeners: IndexedDbListener[] = [];
    for (const registration of this.#registrations) {
      if (registration.type === type) listeners.push(registration.listener);
    }
    if (listeners.length > 0) {
      this.#registrations = this.#registrations.filter(
        (registration) => registration.type !== type || !registration.once,
      );
    }
    const handler = this.handlerOf(type);
    if (handler !== null && handler !== undefined) listeners.push(handler);
    return listeners;
  }
}
