/** How does the embedded database make files that their owner alone may read? It asks for more rights than it needs. */
import { NodeFS } from "@electric-sql/pglite/nodefs";

/** What anyone but the owner may not do. */
const OTHERS = 0o077;

/** The two operations of Emscripten's file system that give a file its mode. */
interface NodeOperations {
  mknod(parent: unknown, name: string, mode: number, device: unknown): unknown;
  setattr(node: unknown, attributes: { readonly mode?: number | null }): void;
}

type Initialized = Awaited<ReturnType<NodeFS["init"]>>;
type BeforeRun = NonNullable<Initialized["emscriptenOpts"]["preRun"]>[number];

/** A folder of the host in which every file and folder is made with mode 0600 or 0700. */
export class PrivateFiles extends NodeFS {
  override async init(...args: Parameters<NodeFS["init"]>): Promise<Initialized> {
    const { emscriptenOpts } = await super.init(...args);
    const { preRun } = emscriptenOpts;
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [withoutOthers as BeforeRun, ...preRun ?? []] } };
  }
}

function withoutOthers(module: unknown): void {
  const { node_ops } = (module as { NODEFS: { node_ops: NodeOperations } }).NODEFS;
  const { mknod, setattr } = node_ops;
  node_ops.mknod = (parent, name, mode, device) => mknod(parent, name, mode & ~OTHERS, device);
  node_ops.setattr = (node, attributes) => {
    const { mode } = attributes;
    setattr(node, typeof mode === "number" ? { ...attributes, mode: mode & ~OTHERS } : attributes);
  };
}
