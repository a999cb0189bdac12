/** What is loaded, and the places in the same list of what it refers to. */
export interface Linked {
  readonly refersTo: readonly number[];
}

/** A Bundle's share: places in the list, and the earlier Bundles that must be in before it. */
export interface BundleShare {
  readonly members: readonly number[];
  readonly needs: readonly number[];
}

/**
 * Shares a list out among Bundles of about `size`: what is referred to comes in the same Bundle or an earlier one, and otherwise
 * the order stays. Resources that refer to each other in a circle are never parted, be there more of them than `size`.
 */
export function shareOut(list: readonly Linked[], size: number): readonly BundleShare[] {
  const shares: { members: number[]; needs: Set<number> }[] = [];
  const shareOf = new Map<number, number>();
  for (const circle of dependenciesFirst(list)) {
    let current = shares.at(-1);
    if (!current || (current.members.length > 0 && current.members.length + circle.length > size)) {
      current = { members: [], needs: new Set() };
      shares.push(current);
    }
    const at = shares.length - 1;
    for (const place of circle) {
      current.members.push(place);
      shareOf.set(place, at);
    }
    for (const target of circle.flatMap((place) => list[place]?.refersTo ?? [])) {
      const earlier = shareOf.get(target) ?? at;
      if (earlier !== at) current.needs.add(earlier);
    }
  }
  return shares.map(({ members, needs }) => ({ members, needs: [...needs] }));
}

/**
 * The circles of a graph (one place each where nothing refers back), what is referred to before what refers to it.
 * Without recursion: a chain of references may be as long as the chart.
 * @see Tarjan, Depth-first search and linear graph algorithms (1972)
 */
function dependenciesFirst(list: readonly Linked[]): readonly (readonly number[])[] {
  const order: number[][] = [];
  const index = new Map<number, number>();
  const low = new Map<number, number>();
  const stack: number[] = [];
  const onStack = new Set<number>();
  const enter = (place: number): { place: number; next: number } => {
    index.set(place, index.size);
    low.set(place, index.size - 1);
    stack.push(place);
    onStack.add(place);
    return { place, next: 0 };
  };
  const lower = (place: number, to: number | undefined): void => {
    low.set(place, Math.min(low.get(place) ?? 0, to ?? 0));
  };
  for (const root of list.keys()) {
    if (index.has(root)) continue;
    const path = [enter(root)];
    for (let frame = path.at(-1); frame; frame = path.at(-1)) {
      const target = list[frame.place]?.refersTo[frame.next];
      if (target !== undefined) {
        frame.next += 1;
        if (!index.has(target)) path.push(enter(target));
        else if (onStack.has(target)) lower(frame.place, index.get(target));
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent) lower(parent.place, low.get(frame.place));
      if (low.get(frame.place) === index.get(frame.place)) {
        const circle = stack.splice(stack.lastIndexOf(frame.place));
        for (const place of circle) onStack.delete(place);
        order.push(circle);
      }
    }
  }
  return order;
}
