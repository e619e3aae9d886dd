const CUSTOMERS = 40;

/**
 * The numbers of the simulator's customers, who call again and again. No area has the code 555, so nobody else has one of them:
 * by these numbers everything that the simulator sent is found and erased.
 */
export const customerPhones: readonly string[] = Array.from(
  { length: CUSTOMERS },
  (_, index) => `+15557010${String(index + 1).padStart(3, "0")}`,
);
