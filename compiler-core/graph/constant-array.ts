/** The data of a constant as a tensor. */
import type { Constant } from "./constants.ts";
import { decode, type NdArray } from "./ndarray.ts";

/** Reads and decodes all elements; for element types that `evaluable` allows. */
export const constantArray = ({ dtype, shape, bytes }: Constant): NdArray => decode(dtype, shape, bytes());
