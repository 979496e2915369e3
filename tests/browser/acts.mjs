export async function perform() {}
