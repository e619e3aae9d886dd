import { onSlowStores } from "./slow-stores.ts";
import tutorial from "./tutorial.ts";

export default onSlowStores(tutorial);
