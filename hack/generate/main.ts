/** `make generate`: crds/, policies/, examples/argocd/ and the tables of docs/reference/. */
import './argocd.ts';
import './custom-resources.ts';
import './references.ts';
