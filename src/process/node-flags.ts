/** How Node runs the bots. */
export const botsNodeFlags: readonly string[] = [
  // Warnings that a user can do nothing about: type stripping, and `util._extend` in a dependency.
  "--disable-warning=ExperimentalWarning",
  "--disable-warning=DEP0060",
  // Megabytes. Loading the program makes much short-lived data: without ever smaller collections a
  // start is a tenth faster, and takes less memory in the end.
  "--min-semi-space-size=16",
];
