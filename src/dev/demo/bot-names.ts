const BOT_NAMES: Readonly<Record<string, string>> = {
  rogatory_registrar: "Registrar (bot)",
  rogatory_clerk: "Clerk (bot)",
  rogatory_scribe: "Scribe (bot)",
};

/** How a bot is called in what people read; any other Matrix id stays as it is. */
export function botName(userId: string): string {
  return BOT_NAMES[/^@([^:]+):/.exec(userId)?.[1] ?? ""] ?? userId;
}

export function isBot(userId: string): boolean {
  return botName(userId) !== userId;
}
