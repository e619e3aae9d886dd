/**
 * Explains a call like `npm run erase --yes`: without `--`, npm takes options for its own, and the command does not see them.
 * @param script as after `npm run`
 * @param names of the options that the command knows
 * @returns `undefined` when npm took none of them
 */
export function forgottenDashes(
  script: string,
  names: readonly string[],
  given: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): string | undefined {
  // npm hands a script each option that it was called with in a variable (docs.npmjs.com/cli/using-npm/config).
  const taken = names.find(
    (name) =>
      environment[`npm_config_${name.replaceAll("-", "_")}`] &&
      !given.some((argument) => argument === `--${name}` || argument.startsWith(`--${name}=`)),
  );
  if (taken === undefined) return undefined;
  return `npm took --${taken} for an option of its own, and nothing was done. Options come after a --: npm run ${script} -- --${taken} …`;
}
