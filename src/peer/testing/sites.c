#include "peer/testing/sites.h"

enum { EARTH_KM = 6371 };

const struct qn_site qn_sites[QN_SITES_COUNT] = {
    {"Anchorage", QN_REGION_NORTH_AMERICA, -2655, -1539, 5583},
    {"Honolulu", QN_REGION_NORTH_AMERICA, -5500, -2233, 2314},
    {"Vancouver", QN_REGION_NORTH_AMERICA, -2269, -3480, 4830},
    {"Seattle", QN_REGION_NORTH_AMERICA, -2296, -3631, 4705},
    {"San Jose", QN_REGION_NORTH_AMERICA, -2678, -4303, 3861},
    {"Los Angeles", QN_REGION_NORTH_AMERICA, -2493, -4649, 3572},
    {"Denver", QN_REGION_NORTH_AMERICA, -1269, -4735, 4070},
    {"Dallas", QN_REGION_NORTH_AMERICA, -634, -5318, 3451},
    {"Chicago", QN_REGION_NORTH_AMERICA, 199, -4738, 4255},
    {"Toronto", QN_REGION_NORTH_AMERICA, 847, -4527, 4402},
    {"Montreal", QN_REGION_NORTH_AMERICA, 1261, -4284, 4544},
    {"Halifax", QN_REGION_NORTH_AMERICA, 2017, -4063, 4473},
    {"New York", QN_REGION_NORTH_AMERICA, 1331, -4643, 4155},
    {"Ashburn", QN_REGION_NORTH_AMERICA, 1072, -4834, 4009},
    {"Atlanta", QN_REGION_NORTH_AMERICA, 517, -5275, 3535},
    {"Miami", QN_REGION_NORTH_AMERICA, 976, -5652, 2773},
    {"Mexico City", QN_REGION_NORTH_AMERICA, -950, -5934, 2116},
    {"Panama City", QN_REGION_NORTH_AMERICA, 1147, -6187, 997},
    {"San Juan", QN_REGION_NORTH_AMERICA, 2448, -5524, 2022},
    {"Bogota", QN_REGION_SOUTH_AMERICA, 1740, -6107, 522},
    {"Caracas", QN_REGION_SOUTH_AMERICA, 2458, -5762, 1161},
    {"Quito", QN_REGION_SOUTH_AMERICA, 1270, -6243, -22},
    {"Lima", QN_REGION_SOUTH_AMERICA, 1402, -6072, -1325},
    {"Santiago", QN_REGION_SOUTH_AMERICA, 1758, -5020, -3507},
    {"Buenos Aires", QN_REGION_SOUTH_AMERICA, 2748, -4467, -3618},
    {"Sao Paulo", QN_REGION_SOUTH_AMERICA, 4011, -4242, -2551},
    {"Rio de Janeiro", QN_REGION_SOUTH_AMERICA, 4278, -4018, -2479},
    {"Fortaleza", QN_REGION_SOUTH_AMERICA, 4976, -3958, -411},
    {"Reykjavik", QN_REGION_EUROPE, 2582, -1038, 5731},
    {"Dublin", QN_REGION_EUROPE, 3784, -418, 5108},
    {"London", QN_REGION_EUROPE, 3966, -7, 4986},
    {"Lisbon", QN_REGION_EUROPE, 4910, -786, 3983},
    {"Madrid", QN_REGION_EUROPE, 4842, -313, 4129},
    {"Paris", QN_REGION_EUROPE, 4184, 175, 4801},
    {"Marseille", QN_REGION_EUROPE, 4616, 436, 4369},
    {"Amsterdam", QN_REGION_EUROPE, 3873, 332, 5048},
    {"Frankfurt", QN_REGION_EUROPE, 4040, 618, 4888},
    {"Milan", QN_REGION_EUROPE, 4408, 714, 4544},
    {"Palermo", QN_REGION_EUROPE, 4877, 1162, 3931},
    {"Vienna", QN_REGION_EUROPE, 4074, 1199, 4749},
    {"Warsaw", QN_REGION_EUROPE, 3645, 1399, 5034},
    {"Stockholm", QN_REGION_EUROPE, 3092, 1011, 5478},
    {"Helsinki", QN_REGION_EUROPE, 2872, 1333, 5529},
    {"Sofia", QN_REGION_EUROPE, 4300, 1852, 4321},
    {"Athens", QN_REGION_EUROPE, 4597, 2018, 3922},
    {"Bucharest", QN_REGION_EUROPE, 4088, 2003, 4458},
    {"Istanbul", QN_REGION_EUROPE, 4205, 2331, 4180},
    {"Kyiv", QN_REGION_EUROPE, 3492, 2057, 4916},
    {"Moscow", QN_REGION_EUROPE, 2837, 2185, 5269},
    {"Tel Aviv", QN_REGION_ASIA, 4432, 3080, 3386},
    {"Riyadh", QN_REGION_ASIA, 3970, 4212, 2662},
    {"Dubai", QN_REGION_ASIA, 3282, 4739, 2713},
    {"Tbilisi", QN_REGION_ASIA, 3375, 3352, 4238},
    {"Almaty", QN_REGION_ASIA, 1053, 4523, 4361},
    {"Novosibirsk", QN_REGION_ASIA, 452, 3626, 5219},
    {"Karachi", QN_REGION_ASIA, 2258, 5319, 2682},
    {"Mumbai", QN_REGION_ASIA, 1770, 5754, 2085},
    {"Delhi", QN_REGION_ASIA, 1239, 5455, 3050},
    {"Chennai", QN_REGION_ASIA, 1046, 6116, 1444},
    {"Dhaka", QN_REGION_ASIA, -41, 5829, 2571},
    {"Bangkok", QN_REGION_ASIA, -1128, 6083, 1520},
    {"Singapore", QN_REGION_ASIA, -1519, 6185, 156},
    {"Jakarta", QN_REGION_ASIA, -1831, 6063, -688},
    {"Manila", QN_REGION_ASIA, -3175, 5285, 1606},
    {"Hong Kong", QN_REGION_ASIA, -2416, 5377, 2418},
    {"Taipei", QN_REGION_ASIA, -3026, 4918, 2693},
    {"Shanghai", QN_REGION_ASIA, -2847, 4646, 3300},
    {"Beijing", QN_REGION_ASIA, -2173, 4378, 4087},
    {"Seoul", QN_REGION_ASIA, -3038, 4031, 3887},
    {"Tokyo", QN_REGION_ASIA, -3946, 3346, 3718},
    {"Casablanca", QN_REGION_AFRICA, 5260, -702, 3526},
    {"Algiers", QN_REGION_AFRICA, 5094, 276, 3816},
    {"Tunis", QN_REGION_AFRICA, 5021, 903, 3816},
    {"Cairo", QN_REGION_AFRICA, 4719, 2858, 3185},
    {"Dakar", QN_REGION_AFRICA, 5877, -1853, 1617},
    {"Accra", QN_REGION_AFRICA, 6341, -22, 622},
    {"Lagos", QN_REGION_AFRICA, 6319, 375, 721},
    {"Kinshasa", QN_REGION_AFRICA, 6128, 1676, -478},
    {"Luanda", QN_REGION_AFRICA, 6130, 1438, -975},
    {"Djibouti", QN_REGION_AFRICA, 4557, 4264, 1281},
    {"Nairobi", QN_REGION_AFRICA, 5100, 3815, -145},
    {"Johannesburg", QN_REGION_AFRICA, 5047, 2684, -2813},
    {"Cape Town", QN_REGION_AFRICA, 5018, 1669, -3553},
    {"Port Louis", QN_REGION_AFRICA, 3213, 5043, -2200},
    {"Perth", QN_REGION_OCEANIA, -2360, 4860, -3376},
    {"Darwin", QN_REGION_OCEANIA, -4064, 4708, -1379},
    {"Adelaide", QN_REGION_OCEANIA, -3919, 3455, -3645},
    {"Melbourne", QN_REGION_OCEANIA, -4124, 2887, -3905},
    {"Sydney", QN_REGION_OCEANIA, -4634, 2548, -3553},
    {"Brisbane", QN_REGION_OCEANIA, -5035, 2566, -2942},
    {"Auckland", QN_REGION_OCEANIA, -5080, 462, -3816},
    {"Wellington", QN_REGION_OCEANIA, -4767, 434, -4205},
    {"Suva", QN_REGION_OCEANIA, -6053, 169, -1979},
    {"Guam", QN_REGION_OCEANIA, -5062, 3571, 1487},
};

static double square(int difference)
{
    return (double)difference * difference;
}

/* The arc over a chord, by the series of the arc sine. */
unsigned qn_site_distance_km(const struct qn_site *a, const struct qn_site *b)
{
    double chord2 =
        square(a->x_km - b->x_km) + square(a->y_km - b->y_km) + square(a->z_km - b->z_km);
    double chord = EARTH_KM;
    for (int i = 0; i < 40; i++) { /* Newton's square root */
        chord = (chord + chord2 / chord) / 2;
    }
    double sine2 = chord2 / (4.0 * EARTH_KM * EARTH_KM);
    double sum = 1;
    double term = 1;
    for (int i = 1; i < 30; i++) {
        term *= sine2 * (2 * i - 1) / (2 * i);
        sum += term / (2 * i + 1);
    }
    return (unsigned)(chord * sum);
}
