/** `make generate`: crds/, policies/ and the tables of docs/reference/. */
import './custom-resources.ts';
import './references.ts';
