import { counted } from "./counted.ts";
import tutorial from "./tutorial.ts";

export default counted(tutorial);
