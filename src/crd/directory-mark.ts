/** The mark in the status of a custom resource that says which directory has its records. */
import * as z from 'zod';

const Mark = z
  .object({
    id: z
      .string()
      .max(64)
      .describe('Id of the directory, created once and contained in its backups.'),
    cluster: z
      .string()
      .max(64)
      .describe('UID of the cluster: the UID of its namespace kube-system.'),
    lease: z
      .string()
      .max(320)
      .describe('Lease of the operator as namespace/name; empty without leader election.'),
  })
  .describe('The directory and the operator that manage the object. No other may.');

export const directoryMark = () => Mark;
export type DirectoryMark = z.infer<typeof Mark>;
