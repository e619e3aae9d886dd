import { counted } from "../../../support/stores/counted.ts";
import tutorial from "./tutorial.ts";

export default counted(tutorial);
