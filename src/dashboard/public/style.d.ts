/** The text of a style sheet: `wrangler.toml` has a rule that says so. */
declare module "*.css" {
  const style: string;
  export default style;
}
