/** The text of script.js: `wrangler.toml` has a rule that says so. */
declare const script: string;
export default script;
