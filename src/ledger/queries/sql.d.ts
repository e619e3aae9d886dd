/** The text of a query: wrangler takes `.sql` files for text. */
declare module "*.sql" {
  const sql: string;
  export default sql;
}
